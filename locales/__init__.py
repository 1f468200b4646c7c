"""All text that people read: message catalogs, FAQ articles and menu paths, in a folder for each language."""
