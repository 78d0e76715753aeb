"""Our code beside its peers, in one run: `make bench`. A timing here never decides a test."""
