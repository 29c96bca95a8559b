"""The flags of the commands: those made from settings, and those that are declared here."""
