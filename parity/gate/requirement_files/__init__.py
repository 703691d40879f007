"""What the files say that name the packages of a project: a module for each tool that reads them."""
