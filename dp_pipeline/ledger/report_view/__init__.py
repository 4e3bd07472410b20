"""A stored report as people read it: in words first, ids last. Pure.

account     what a report says, whichever version of this code wrote it
happened    the paragraph that says what happened
view        all parts in their order; page and terminal show the same
page        the view as a page that stands alone (report.html)
"""
