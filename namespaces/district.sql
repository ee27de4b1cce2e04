-- The demo district: the tables that the six namespaces ask, and people to try them with.
-- Two districts, three schools. In SkillCore's own database the same names are views on its tables.

create table schools(id text primary key, district_id text, board_id text, country_id text, name text, time_zone text);
create table classes(id text primary key, school_id text, name text);
create table users(id text primary key, role text, name text, school_id text, district_id text);
create table class_teachers(class_id text, teacher_id text, primary key(class_id, teacher_id));
create table enrollments(class_id text, student_id text, primary key(class_id, student_id));
create table guardians(parent_id text, student_id text, primary key(parent_id, student_id));
create table class_sessions(id text primary key, class_id text);
create table assignments(id text primary key, class_id text);
create table assessments(id text primary key, class_id text, time_limit_seconds integer);
create table conversations(id text primary key, school_id text);
create table conversation_members(conversation_id text, user_id text, primary key(conversation_id, user_id));
create table messages(id text primary key, conversation_id text, sender_id text, client_message_id text, body text,
  attachments text, sent_at text, unique(conversation_id, sender_id, client_message_id));
create table message_reads(message_id text, user_id text, read_at text, primary key(message_id, user_id));
create table notifications(id text primary key, user_id text, type text, priority text, title text, body text,
  read_at text, dismissed_at text);
create table attendance(class_id text, student_id text, date text, status text, note text, marked_by text, marked_at text,
  primary key(class_id, student_id, date));

insert into schools values ('rvd-001','d-1','b-1','us','Riverdale','America/New_York');
insert into schools values ('lake-003','d-1','b-1','us','Lakeside','America/New_York');
insert into schools values ('oak-002','d-2','b-2','us','Oakwood','America/Los_Angeles');

insert into classes values ('math-101','rvd-001','Mathematics');
insert into classes values ('science-202','rvd-001','Science');
insert into classes values ('art-303','rvd-001','Art');
insert into classes values ('lake-math','lake-003','Mathematics');
insert into classes values ('oak-math','oak-002','Mathematics');

insert into users values ('t-1','TEACHER','Ms Smith','rvd-001','d-1');
insert into users values ('t-2','TEACHER','Mr Jones','rvd-001','d-1');
insert into users values ('t-3','TEACHER','Ms Brook','lake-003','d-1');
insert into users values ('t-4','TEACHER','Mr Vale','rvd-001','d-1');
insert into users values ('t-9','TEACHER','Mr Stone','oak-002','d-2');
insert into users values ('s-456','STUDENT','Alice','rvd-001','d-1');
insert into users values ('s-457','STUDENT','Bob','rvd-001','d-1');
insert into users values ('s-458','STUDENT','Carol','rvd-001','d-1');
insert into users values ('s-459','STUDENT','Frank','rvd-001','d-1');
insert into users values ('s-600','STUDENT','Dan','lake-003','d-1');
insert into users values ('s-900','STUDENT','Eve','oak-002','d-2');
insert into users values ('p-1','PARENT','Alice''s parent','rvd-001','d-1');
insert into users values ('p-2','PARENT','Bob''s parent','rvd-001','d-1');
insert into users values ('p-3','PARENT','Dan''s parent','lake-003','d-1');
insert into users values ('p-4','PARENT','Frank''s parent','rvd-001','d-1');
insert into users values ('p-9','PARENT','Eve''s parent','oak-002','d-2');
insert into users values ('c-1','COUNSELOR','Mr Reed','rvd-001','d-1');
insert into users values ('c-3','COUNSELOR','Mr Dale','lake-003','d-1');
insert into users values ('c-9','COUNSELOR','Ms Fern','oak-002','d-2');
insert into users values ('a-1','ADMIN','Ms Hill','rvd-001','d-1');
insert into users values ('a-3','ADMIN','Mr Shore','lake-003','d-1');
insert into users values ('a-9','ADMIN','Mr Bark','oak-002','d-2');
insert into users values ('da-1','DISTRICT_ADMIN','Mr Lake',null,'d-1');
insert into users values ('da-9','DISTRICT_ADMIN','Ms Acorn',null,'d-2');

insert into class_teachers values ('math-101','t-1');
insert into class_teachers values ('math-101','t-2');
insert into class_teachers values ('science-202','t-2');
insert into class_teachers values ('art-303','t-4');
insert into class_teachers values ('lake-math','t-3');
insert into class_teachers values ('oak-math','t-9');

insert into enrollments values ('math-101','s-456');
insert into enrollments values ('math-101','s-457');
insert into enrollments values ('science-202','s-456');
insert into enrollments values ('science-202','s-458');
insert into enrollments values ('art-303','s-459');
insert into enrollments values ('lake-math','s-600');
insert into enrollments values ('oak-math','s-900');

insert into guardians values ('p-1','s-456');
insert into guardians values ('p-1','s-458');
insert into guardians values ('p-2','s-457');
insert into guardians values ('p-3','s-600');
insert into guardians values ('p-4','s-459');
insert into guardians values ('p-9','s-900');

insert into class_sessions values ('ses-1','math-101');
insert into class_sessions values ('ses-2','science-202');
insert into class_sessions values ('ses-9','oak-math');

insert into assignments values ('asg-1','math-101');
insert into assignments values ('asg-2','science-202');
insert into assignments values ('asg-9','oak-math');

insert into assessments values ('exam-1','math-101',3600);
insert into assessments values ('quiz-1','math-101',null);
insert into assessments values ('exam-2','science-202',1800);
insert into assessments values ('exam-9','oak-math',3600);

insert into conversations values ('conv-1','rvd-001');
insert into conversations values ('conv-2','rvd-001');
insert into conversations values ('conv-9','oak-002');
insert into conversation_members values ('conv-1','t-1');
insert into conversation_members values ('conv-1','s-456');
insert into conversation_members values ('conv-1','p-1');
insert into conversation_members values ('conv-2','t-1');
insert into conversation_members values ('conv-2','c-1');
insert into conversation_members values ('conv-9','t-9');
insert into conversation_members values ('conv-9','s-900');
insert into messages values ('msg-1','conv-1','t-1','seed-1','Welcome.','[]','2025-01-14T15:00:00.000Z');
insert into messages values ('msg-9','conv-9','t-9','seed-9','Welcome.','[]','2025-01-14T15:00:00.000Z');

insert into notifications values ('n-1','s-456','GRADE_POSTED','normal','A grade','You have a new grade.',null,null);
insert into notifications values ('n-2','p-1','ATTENDANCE_ALERT','high','Absent','Your child was absent.',null,null);
insert into notifications values ('n-9','s-900','GENERAL','low','Hello','Hello.',null,null);

-- Alice was absent on the two school days before 15 January 2025; Bob on each of the last four Wednesdays.
insert into attendance values ('math-101','s-456','2025-01-13','ABSENT',null,'t-1','2025-01-13T14:00:00.000Z');
insert into attendance values ('math-101','s-456','2025-01-14','ABSENT',null,'t-1','2025-01-14T14:00:00.000Z');
insert into attendance values ('math-101','s-457','2024-12-18','ABSENT',null,'t-1','2024-12-18T14:00:00.000Z');
insert into attendance values ('math-101','s-457','2025-01-01','ABSENT',null,'t-1','2025-01-01T14:00:00.000Z');
insert into attendance values ('math-101','s-457','2025-01-08','ABSENT',null,'t-1','2025-01-08T14:00:00.000Z');
insert into attendance values ('math-101','s-457','2025-01-14','PRESENT',null,'t-1','2025-01-14T14:00:00.000Z');
