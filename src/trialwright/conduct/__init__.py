"""What happens in a trial: pure rules, the store, actions that write with their audit event, worklists that read."""
