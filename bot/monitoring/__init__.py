"""What whoever runs the bot can see of it: whether it is ready, and its figures. None of it names a person."""
