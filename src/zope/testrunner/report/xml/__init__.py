"""Reports in the XML format of JUnit."""
