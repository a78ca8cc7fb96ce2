"How files break: bytes, fields of tables, elements of DICOM headers. `fuzz.py` uses these"
import io

import pydicom

ODD = [   # what a field of a table may hold that it must not
    '', ' ', 'nan', 'inf', '-inf', '1e309', '-1', '0', '1e-320', '99999999999999999999', '0x10', '1,5', '"', "'", '\0',
    '../../etc/passwd', '/etc/passwd', 'ä€😀', 'NULL', 'True', '=1+1', 'a'*70000, '1 '*5000, '٣', '\ufeff', '\r', '-0',
    '1.0.0', '[]', '{}']
EXTREMES = [b'\xff\xff', b'\0\0', b'\x7f\xff', b'\xff\x7f']
VRS = ('US', 'SS', 'UL', 'DS', 'IS', 'LO', 'CS', 'OW', 'OB', 'UN', 'SQ', 'PN', 'AT', 'FD')
VALUES = [0, 1, -1, 2**15, 2**16 - 1, 2**31 - 1, 1e300, float('nan'), '', 'x', '\\'.join(['1']*9), '../x', b'',
          b'\xff'*7, None, [], [0, 0], ['a', 'b']]


def one_of(items, r):
    return items[int(r.integers(len(items)))]


# ---- bytes

def _change(b, r):
    b[:1] = bytes([r.integers(256)])


def _scramble(b, r):
    b[:4] = r.bytes(4)


def _extreme(b, r):
    b[:2] = one_of(EXTREMES, r)


def _delete(b, r):
    del b[:int(r.integers(1, 40))]


def _insert(b, r):
    b[:0] = r.bytes(int(r.integers(1, 40)))


def _repeat(b, r):
    start = int(r.integers(0, len(b) + 1))
    b[:0] = b[start:start + int(r.integers(1, 60))]


def _cut(b, r):
    if r.random() < .3:
        del b[:]


CHANGES = {_change: .3, _scramble: .2, _extreme: .2, _delete: .08, _insert: .08, _repeat: .07, _cut: .07}


def mutate(data, r, where=None):
    """1 to 8 changes of any kind, mostly few, for what is damaged beyond sense is refused at the door; `where`: in the
    first so many bytes"""
    data, within = bytearray(data), where or len(data)
    for _ in range(min(8, int(r.geometric(.4)))):
        at = int(r.integers(0, max(1, min(within, len(data)))))
        tail = data[at:]
        list(CHANGES)[r.choice(len(CHANGES), p=list(CHANGES.values()))](tail, r)
        data[at:] = tail
    return bytes(data)


def one_letter(data, r):
    "One letter of a code is another"
    data = bytearray(data)
    data[int(r.integers(len(data)))] = int(r.integers(48, 122))
    return bytes(data)


# ---- tables

def _odd_field(rows, row, column, r):
    if rows[row]:
        rows[row][column] = one_of(ODD, r)


def _extra_field(rows, row, column, r):
    rows[row].insert(column, one_of(ODD, r))


def _lost_field(rows, row, column, r):
    del rows[row][column:column + 1]


def _row_twice(rows, row, column, r):
    rows.insert(row, list(one_of(rows, r)))


def _lost_row(rows, row, column, r):
    del rows[row]


def _reversed_row(rows, row, column, r):
    rows[row].reverse()


def _lost_column(rows, row, column, r):
    for fields in rows:
        del fields[column:column + 1]


TABLE_CHANGES = [*[_odd_field]*4, _extra_field, _lost_field, _row_twice, _lost_row, _reversed_row, _lost_column]


def mutate_table(data, r):
    "Fields, rows and columns exchanged for what tables really go wrong with; other ends of lines, a byte order mark"
    rows = [line.split(',') for line in data.decode().rstrip('\n').split('\n')]
    for _ in range(int(r.integers(1, 7))):
        if not rows:
            break
        row = int(r.integers(0, len(rows)))
        column = int(r.integers(0, len(rows[row]))) if rows[row] else 0
        one_of(TABLE_CHANGES, r)(rows, row, column, r)
    text = '\n'.join(','.join(fields) for fields in rows) + '\n'
    kinds = [text, text.replace('\n', '\r\n'), text.replace('\n', '\r'), '\ufeff' + text]
    return kinds[r.choice(4, p=(.7, .15, .05, .1))].encode('utf-8', 'surrogatepass')


def damage(data, r):
    "A table broken as bytes or as a table"
    return mutate(data, r) if r.random() < .5 else mutate_table(data, r)


# ---- DICOM

def _set_odd(ds, key, r):
    vr = one_of(VRS, r) if r.random() < .5 else ds[key].VR if key in ds else 'LO'
    try:
        ds.add_new(key, vr, one_of(VALUES, r))
    except Exception:   # pydicom refuses some of it
        pass


def mutate_elements(data, r):
    "A DICOM file whose elements have values that they must not have; what cannot be written is broken as bytes"
    ds = pydicom.dcmread(io.BytesIO(data))
    keys = list(ds.keys())
    for _ in range(int(r.integers(1, 5))):
        key = one_of(keys, r)
        if r.random() < .15:
            ds.pop(key, None)
        else:
            _set_odd(ds, key, r)
    out = io.BytesIO()
    try:
        ds.save_as(out, enforce_file_format=False)
    except Exception:
        return mutate(data, r, max(200, len(data)//2))
    return out.getvalue()
