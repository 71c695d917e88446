"""From a patient's note to studies."""
