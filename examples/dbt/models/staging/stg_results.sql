-- Each played match twice, once for each side.
with played as (
    select * from {{ source('football', 'fixtures') }}
    where status in ('ended', 'awarded') and home_score is not null
)

select
    match_id, tournament_key, tournament, kickoff_date, 'home' as place,
    home_team_id as team_id, home_team as team, home_score as goals_for, away_score as goals_against
from played
union all
select
    match_id, tournament_key, tournament, kickoff_date, 'away',
    away_team_id, away_team, away_score, home_score
from played
