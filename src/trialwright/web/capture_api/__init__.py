"""The JSON API of studies in conduct: the same actions, worklists and policy as the pages, for programs with a key."""
