package quecloudtest

// Reads says whether a method, named in full, is one of those that hold the lock side by side.
func Reads(name string) bool { return findMethod(name).reads }

// WhileRead calls f while some call reads.
func (s *Server) WhileRead(f func()) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f()
}
