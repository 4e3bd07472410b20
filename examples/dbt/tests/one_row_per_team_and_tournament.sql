select tournament_key, team_id from {{ ref('home_advantage') }}
group by tournament_key, team_id having count(*) > 1
