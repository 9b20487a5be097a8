"""Tests of what the servers share, and of the suite. Those of the servers are in conformance/."""
