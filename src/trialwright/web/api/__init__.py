"""The registry's API, version 2: the same paths, parameters, paging and JSON as the official one."""
