"""The published loops as the authors wrote them, for comparison."""
