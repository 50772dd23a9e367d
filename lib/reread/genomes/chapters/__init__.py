"""What one chapter alone needs: its figures and its tables."""
