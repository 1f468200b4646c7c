"""How text is written in each language: normalisation, keyboard layouts, signs of a question.

It never knows a topic or an article.
"""
