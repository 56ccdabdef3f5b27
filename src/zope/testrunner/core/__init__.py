"""The values between the stages of a run: plan, events, configuration, layers and problems."""
