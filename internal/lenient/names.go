package lenient

// memberNames are the names that the objects of a shape have had. They say which field a member belongs to. The
// objects of a list usually have the same members in the same order, so each name knows which one followed it last.
type memberNames struct {
	shape   *shape
	start   memberName // before the first member
	byJSON  map[string]*memberName
	unknown memberName // the current name if it is not kept
}

// A memberName is the name of a member.
type memberName struct {
	prefix string       // the name as it came, as JSON with the colon
	part   envelopePart // what it is in the outermost object
	field  *field       // nil if there is none
	next   *memberName  // the name that followed it last; may be nil
}

// Limits for the names that are kept: their number for a shape, and their length in bytes.
const (
	maxNames = 256
	maxName  = 64
)

func (m *memory) namesOf(s *shape) *memberNames {
	if s.number >= len(m.names) {
		m.names = append(m.names, make([]*memberNames, s.number+1-len(m.names))...)
	}
	if m.names[s.number] == nil {
		m.names[s.number] = &memberNames{shape: s, byJSON: map[string]*memberName{}}
	}
	return m.names[s.number]
}

// readName reads the name of the member that follows another.
func (d *decoder) readName(names *memberNames, before *memberName) *memberName {
	if next := before.next; next != nil {
		end := d.at + len(next.prefix)
		if end <= len(d.text) && string(d.text[d.at:end]) == next.prefix {
			d.at = end
			return next
		}
	}
	raw := d.name()
	name := names.byJSON[string(raw)]
	if name == nil {
		text, _ := d.unquoted(raw)
		names.unknown = memberName{part: partOf(text), field: names.shape.find(text)}
		if len(names.byJSON) == maxNames || len(raw) > maxName {
			return &names.unknown
		}
		name = &memberName{string(raw) + ":", names.unknown.part, names.unknown.field, nil}
		names.byJSON[string(raw)] = name
	}
	before.next = name
	return name
}
