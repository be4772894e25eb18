-- id: reach_place
-- title: The order of what a compromise touches
-- description: First by what it is, then by how surely it was reached.
-- argument what: principal, key, resource or grant
-- argument reach: how surely

100 * array_position(make_array('principal', 'key', 'resource', 'grant'), what) + array_position(
  make_array(
    'used', 'unknown', 'managed', 'refused', 'dry run', 'asked for', 'other key', 'same material', 'same resource',
    'same principal', 'within reach'
  ),
  reach
)
