"""What every Handrail service stands on: contracts, database, outbox, inbox, identity, audit and privacy."""
