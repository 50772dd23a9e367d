"""Tissue classification and tissue-specific genes of maize: the study of Wang et al. 2023."""
