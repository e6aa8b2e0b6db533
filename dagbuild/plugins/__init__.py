"""Hamilton's address of what works with other libraries; each opens with the module that is named for it."""
