"""What can go wrong, one family a file; every fault here is scripted by its name."""
