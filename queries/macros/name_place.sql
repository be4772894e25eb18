-- id: name_place
-- title: The order of the names in a call
-- description: Who called, from where, what, on which key.
-- argument what: what the name is of

array_position(
  make_array(
    'caller', 'user ARN', 'session', 'access key id', 'credential id', 'principal id', 'source identity',
    'Identity Center user', 'source address', 'VPC endpoint', 'user agent', 'invoking service', 'account and region',
    'operation', 'key', 'resource', 'grant', 'refusal'
  ),
  what
)
