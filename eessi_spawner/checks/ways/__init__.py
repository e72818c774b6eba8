"""WHICH WAYS TO ATTACH WORK ON THIS CLUSTER? A verdict for each, from one survey of it, best first.

Pure: nothing here talks to a cluster. What could not be seen makes a verdict `unknown`, never `no`.
"""
