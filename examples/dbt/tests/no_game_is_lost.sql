-- The mart has every played match twice.
select mart.games, played.games
from (select coalesce(sum(games), 0) as games from {{ ref('home_advantage') }}) as mart,
    (select 2 * count(*) as games from {{ source('football', 'fixtures') }}
     where status in ('ended', 'awarded') and home_score is not null) as played
where mart.games <> played.games
