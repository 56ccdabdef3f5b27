"""From plan to plan: what is grouped, divided, narrowed or made smaller before anything runs."""
