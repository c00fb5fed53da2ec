"""Looking at plans as a whole: what identifies one, and plans made of other plans."""
