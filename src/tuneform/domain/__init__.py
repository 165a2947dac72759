"""The words of the contract as values: no file, no network, no clock."""
