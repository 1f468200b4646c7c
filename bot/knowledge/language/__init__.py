"""How text is written in each language: alike spellings, keyboard layouts, the signs of a question.

It never knows a topic or an article.
"""
