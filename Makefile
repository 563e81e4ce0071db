PYTHON ?= python3

.PHONY: demo test docs setup

demo test docs setup:
	$(PYTHON) go.py $@
