package main

import (
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// runShell runs a script in a shell.
func runShell(t *testing.T, script string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput()
	return string(out), err
}

// hasShell reports whether the programs of the recipes are installed.
func hasShell() error {
	for _, program := range []string{"sh", "curl", "openssl", "cut", "tr", "date"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	return nil
}

// runRecipe does what a script of the documentation says, without a shell. It knows only what these scripts use:
// assignments, and curl as their last command.
func runRecipe(t *testing.T, script string) (string, error) {
	t.Helper()
	vars := map[string]string{}
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimSpace(script), "\\\n", " ")) {
		words := shellWords(strings.TrimSpace(line))
		if words[0] == "curl" {
			return runCurl(t, words[1:], vars)
		}
		for _, word := range words {
			name, value, ok := strings.Cut(word, "=")
			if !ok {
				return "", fmt.Errorf("%q is neither an assignment nor curl", line)
			}
			value, err := expand(value, vars)
			if err != nil {
				return "", err
			}
			vars[name] = value
		}
	}
	return "", fmt.Errorf("no curl in %q", script)
}

// shellWords splits a line at blanks outside quotes and parentheses.
func shellWords(line string) (words []string) {
	var quote rune
	depth := 0
	for part := range strings.FieldsFuncSeq(line, func(r rune) bool {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case r == quote:
			quote = 0
		case r == '(':
			depth++
		case r == ')':
			depth--
		}
		return (r == ' ' || r == '\t') && quote == 0 && depth == 0
	}) {
		words = append(words, part)
	}
	return words
}

var signCommand = regexp.MustCompile(`^printf %s ("[^"]*") \| openssl sha1 -r \| cut -c 1-40 \| tr a-f A-F$`)

// expand returns the value of a word: a command that the recipes use, or text with variables.
func expand(word string, vars map[string]string) (string, error) {
	if command, ok := strings.CutPrefix(word, "$("); ok {
		command = strings.TrimSuffix(command, ")")
		if command == "date +%s" {
			return fmt.Sprint(time.Now().Unix()), nil
		}
		parts := signCommand.FindStringSubmatch(command)
		if parts == nil {
			return "", fmt.Errorf("unknown command %q", command)
		}
		text, err := expand(parts[1], vars)
		return fmt.Sprintf("%X", sha1.Sum([]byte(text))), err
	}
	if text, ok := strings.CutPrefix(word, "'"); ok {
		return strings.TrimSuffix(text, "'"), nil
	}
	return os.Expand(strings.Trim(word, `"`), func(name string) string { return vars[name] }), nil
}

// runCurl makes the request of a curl command.
func runCurl(t *testing.T, args []string, vars map[string]string) (string, error) {
	t.Helper()
	var address string
	var data []string
	for i := 0; i < len(args); i++ {
		arg, err := expand(args[i], vars)
		if err != nil {
			return "", err
		}
		switch arg {
		case "-s":
		case "-d", "--data-urlencode":
			i++
			value, err := expand(args[i], vars)
			if err != nil {
				return "", err
			}
			if name, text, ok := strings.Cut(value, "="); ok && arg != "-d" {
				value = name + "=" + url.QueryEscape(text)
			}
			data = append(data, value)
		default:
			address = arg
		}
	}
	if !strings.HasPrefix(address, "http") {
		address = "http://" + address
	}
	verb := http.MethodGet
	if data != nil {
		verb = http.MethodPost
	}
	req, err := http.NewRequestWithContext(t.Context(), verb, address, strings.NewReader(strings.Join(data, "&")))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}
