//go:build unix

package main

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// Go cannot send an interrupt to a process on Windows.
func TestServeShutsDownOnInterrupt(t *testing.T) {
	t.Parallel()
	var rest bytes.Buffer
	cmd := exec.Command(os.Args[0], "-addr", "127.0.0.1:0", "-fault", "latency=1h")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(out)
	first, err := reader.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://\S+`).FindString(first)
	held := make(chan struct{})
	go func() {
		defer close(held)
		resp, err := http.Post(address, "", nil) // held up by the latency, if it arrives before the interrupt
		if err == nil {
			resp.Body.Close()
		}
	}()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatal(err)
	}
	if _, err := rest.ReadFrom(reader); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	<-held
	if !strings.Contains(rest.String(), "secret "+quecloudtest.DefaultSecret) ||
		!strings.Contains(rest.String(), "quecloud-sim stops") {
		t.Errorf("it wrote %q", rest.String())
	}
}
