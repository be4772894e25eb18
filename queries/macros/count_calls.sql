-- id: count_calls
-- title: The number of calls
-- description: An aggregate over rows of key_uses, or over their names. Only a call on two keys can be in a group twice.
-- argument row: the rows, with key_role and content_hash

count(*) FILTER (WHERE row.key_role NOT IN ('source', 'destination'))
  + count(DISTINCT CASE WHEN row.key_role IN ('source', 'destination') THEN row.content_hash END)
