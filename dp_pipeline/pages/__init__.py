"""Pages for people that stand alone: one frame, one style, one palette. Imports nothing of ours.

frame     a page from a template
base.html what every page has: no script, no request, readable on a phone, light and dark
style.css how all pages look
palette   colours by their use, of pages and pictures
"""
