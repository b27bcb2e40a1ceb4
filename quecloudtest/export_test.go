package quecloudtest

// Reads reports whether a method shares the lock with other readers.
func Reads(name string) bool { return findMethod(name).reads }

// WhileRead calls f while a reader holds the lock.
func (s *Server) WhileRead(f func()) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f()
}
