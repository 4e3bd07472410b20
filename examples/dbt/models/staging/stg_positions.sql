-- Where each team stands in the table over the whole season.
select tournament_key, team_id, position, points, zone
from {{ source('football', 'league_table') }}
where whole_season
