"""The rules, a file or a folder for each family. Whatever stands in a module here is found; nothing lists them."""
