"""Pages after login: dashboard, subjects, casebook, forms, queries, audit."""
