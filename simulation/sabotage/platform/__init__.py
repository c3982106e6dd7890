"""Defects of the staging platform, each planted by replacing one of its functions. Only this part of the package
imports the platform."""
