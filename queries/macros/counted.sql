-- id: counted
-- title: A number with what it counts
-- description: `1 call has` or `5 calls have`, as notes begin.
-- argument n: the number
-- argument one: the words after 1, such as `call has`
-- argument many: the words after any other number, such as `calls have`

CASE n WHEN 1 THEN '1 ' || one ELSE n || ' ' || many END
