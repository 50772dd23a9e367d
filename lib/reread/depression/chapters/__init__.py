"""What each notebook alone needs: its figures and tables."""
