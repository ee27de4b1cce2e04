-- A school platform whose tables are shaped quite unlike those that the namespaces ask: other names and types, one table for all
-- who belong to a class, families instead of guardians, rows that are marked as deleted. Views map it, as namespaces/membership.md
-- says; no namespace knows. It is filled from the demo district, which was made in `public` before.

create schema core;
create type core."Role" as enum ('TEACHER', 'STUDENT', 'PARENT', 'COUNSELOR', 'ADMIN', 'DISTRICT_ADMIN');
create type core."AttendanceStatus" as enum ('PRESENT', 'ABSENT', 'LATE', 'EXCUSED');

create table core."Organization" (id varchar(40) primary key, kind text not null, "parentId" varchar(40), "timeZone" text);
insert into core."Organization" select distinct district_id, 'district', null, null from schools;
insert into core."Organization" select id, 'school', district_id, time_zone from schools;

create table core."Class" (id varchar(40) primary key, "organizationId" varchar(40) not null references core."Organization", "deletedAt" timestamptz);
insert into core."Class" select id, school_id, null from classes;

create table core."ClassMember" (id uuid primary key default gen_random_uuid(), "classId" varchar(40) not null references core."Class",
  "userId" varchar(40) not null, role core."Role" not null, "leftAt" timestamptz);
insert into core."ClassMember" ("classId", "userId", role) select class_id, teacher_id, 'TEACHER' from class_teachers;
insert into core."ClassMember" ("classId", "userId", role) select class_id, student_id, 'STUDENT' from enrollments;
-- Eve has left a class of Riverdale, so that she must be seen as a stranger there.
insert into core."ClassMember" ("classId", "userId", role, "leftAt") values ('math-101', 's-900', 'STUDENT', '2024-06-01');

create table core."Family" (id bigint generated always as identity primary key, "guardianIds" text[] not null, "childIds" text[] not null);
insert into core."Family" ("guardianIds", "childIds") select array[parent_id], array_agg(student_id) from guardians group by parent_id;

create table core."Lesson" (id varchar(40) primary key, "classId" varchar(40) not null);
insert into core."Lesson" select id, class_id from class_sessions;
create table core."Work" (id varchar(40) primary key, "classId" varchar(40) not null, kind text not null, "timeLimit" interval);
insert into core."Work" select id, class_id, 'assignment', null from assignments;
insert into core."Work" select id, class_id, 'assessment', make_interval(secs => time_limit_seconds) from assessments;

create table core."Thread" (id varchar(40) primary key, members jsonb not null);
insert into core."Thread" select conversation_id, jsonb_agg(user_id) from conversation_members group by 1;
create table core."Message" (key uuid primary key, thread varchar(40) not null, author varchar(40) not null, nonce text not null, content text not null,
  files jsonb, at timestamptz not null, unique (thread, author, nonce));
create table core."Receipt" (message uuid, reader varchar(40), at timestamptz not null, primary key (message, reader));

create table core."Notice" (id varchar(40) primary key, "recipientId" varchar(40) not null, "readAt" timestamptz, "hiddenAt" timestamptz);
insert into core."Notice" select id, user_id, read_at::timestamptz, dismissed_at::timestamptz from notifications;

create table core."Attendance" ("classId" varchar(40), "studentId" varchar(40), day date, status core."AttendanceStatus" not null, remark text,
  "byId" varchar(40) not null, at timestamptz not null, primary key ("classId", "studentId", day));
insert into core."Attendance" select class_id, student_id, date::date, status::core."AttendanceStatus", note, marked_by, marked_at::timestamptz from attendance;

drop schema public cascade;

-- What the namespaces see.
create schema homeroom;
create view homeroom.schools as
  select id, "parentId" as district_id, "timeZone" as time_zone from core."Organization" where kind = 'school';
create view homeroom.classes as select id, "organizationId" as school_id from core."Class" where "deletedAt" is null;
create view homeroom.class_teachers as
  select "classId" as class_id, "userId" as teacher_id from core."ClassMember" where role = 'TEACHER' and "leftAt" is null;
create view homeroom.enrollments as
  select "classId" as class_id, "userId" as student_id from core."ClassMember" where role = 'STUDENT' and "leftAt" is null;
create view homeroom.guardians as
  select g as parent_id, c as student_id from core."Family", unnest("guardianIds") g, unnest("childIds") c;
create view homeroom.class_sessions as select id, "classId" as class_id from core."Lesson";
create view homeroom.assignments as select id, "classId" as class_id from core."Work" where kind = 'assignment';
create view homeroom.assessments as
  select id, "classId" as class_id, extract(epoch from "timeLimit")::integer as time_limit_seconds from core."Work" where kind = 'assessment';
create view homeroom.conversation_members as
  select id as conversation_id, m as user_id from core."Thread", jsonb_array_elements_text(members) m;
create view homeroom.messages as
  select key as id, thread as conversation_id, author as sender_id, nonce as client_message_id, content as body, files as attachments, at as sent_at
    from core."Message";
create view homeroom.message_reads as select message as message_id, reader as user_id, at as read_at from core."Receipt";
create view homeroom.notifications as select id, "recipientId" as user_id, "readAt" as read_at, "hiddenAt" as dismissed_at from core."Notice";
create view homeroom.attendance as
  select "classId" as class_id, "studentId" as student_id, day as date, status, remark as note, "byId" as marked_by, at as marked_at
    from core."Attendance";

-- Whoever serves sees these and no more.
do $$ begin create role realtime login; exception when duplicate_object then null; end $$;
-- `core` is only named where a value has to become one of its types; its tables stay shut.
grant usage on schema homeroom, core to realtime;
grant select on all tables in schema homeroom to realtime;
grant insert on homeroom.messages, homeroom.message_reads, homeroom.attendance to realtime;
grant update on homeroom.attendance, homeroom.notifications to realtime;
