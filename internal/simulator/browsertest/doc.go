// Package browsertest tests the page of the simulator in headless Chromium. Its tests have the build tag browser;
// test.sh installs Chromium and runs them.
package browsertest
