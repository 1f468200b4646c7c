"""What is kept, and how: one transaction an event, personal data under encryption, SQL in one place."""
