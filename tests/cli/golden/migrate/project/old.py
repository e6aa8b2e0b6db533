print "import hamilton"
