-- How much better a team is at home, beside where it stands.
with results as (
    select
        tournament_key, tournament, team_id, team, place,
        count(*) as games,
        sum(case when goals_for > goals_against then 3 when goals_for = goals_against then 1 else 0 end)
            as points
    from {{ ref('stg_results') }}
    group by tournament_key, tournament, team_id, team, place
),

sides as (
    select
        tournament_key, tournament, team_id, team,
        sum(games) as games,
        round(sum(case when place = 'home' then points end)::numeric
            / nullif(sum(case when place = 'home' then games end), 0), 2) as points_per_home_game,
        round(sum(case when place = 'away' then points end)::numeric
            / nullif(sum(case when place = 'away' then games end), 0), 2) as points_per_away_game
    from results
    group by tournament_key, tournament, team_id, team
)

select
    sides.*,
    sides.points_per_home_game - sides.points_per_away_game as home_advantage,
    positions.position, positions.zone
from sides
left join {{ ref('stg_positions') }} as positions using (tournament_key, team_id)
