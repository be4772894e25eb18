-- id: is_of_asked_caller
-- title: Whether a call is one of the caller that is asked for
-- description: True for all calls where no caller is given.
-- argument caller: the caller

$caller IS NULL OR caller IS NOT DISTINCT FROM $caller
