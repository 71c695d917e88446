"""The command line: one module a verb. Modules import rooms inside their functions, so that --help stays quick."""
