"""Every port in memory: the tests' double for each."""
