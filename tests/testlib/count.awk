# Sums what the .trs files given say, with the .log beside each: the tests
# inside a cmocka program one by one, a script as one test. Prints
# passed<TAB>failed<TAB>skipped, or with -v show=skipped the skipped by name.

# The cases of one cmocka log, into ok, bad and skip.
function read_log(log_name,    line, word)
{
	ok = bad = skip = cases = 0
	why = ""
	while ((getline line < log_name) > 0) {
		if (line ~ /^\[       OK \] /)
			ok++
		else if (line ~ /^\[ RUN      \] /)
			cases++
		else if (line ~ /^\[  SKIPPED \] [0-9]+ test\(s\), listed/) {
			split(line, word, /[^0-9]+/)
			skip += word[2]
		} else if (line ~ /^\[  FAILED  \] [0-9]+ test\(s\), listed/) {
			split(line, word, /[^0-9]+/)
			bad += word[2]
		} else if (line ~ /^SKIP/)
			why = why "\n\t" line
	}
	close(log_name)
}

function finish(    log_name)
{
	log_name = trs
	sub(/\.trs$/, ".log", log_name)
	read_log(log_name)
	if (cases == 0) {
		ok = result == "PASS"
		skip = result == "SKIP"
		bad = !ok && !skip
	} else if (result != "PASS" && bad == 0)
		bad = 1
	if (show == "skipped" && skip > 0)
		printf "skipped %d in %s%s\n", skip, trs, why
	passed += ok
	failed += bad
	skipped += skip
}

FNR == 1 { if (trs != "") finish(); trs = FILENAME; result = "" }
/^:test-result:/ && result !~ /FAIL|ERROR/ { result = $2 }
END {
	if (trs != "")
		finish()
	if (show == "")
		printf "%d\t%d\t%d\n", passed, failed, skipped
}
