"""Values in, text out: what people and programs see. Nothing here computes, decides or prints."""
